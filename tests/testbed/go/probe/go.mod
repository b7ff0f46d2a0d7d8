module lightk8s.invalid/testbed/probe

go 1.25.1
