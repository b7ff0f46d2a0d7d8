module lightk8s.invalid/testbed/k3s

go 1.25.1
