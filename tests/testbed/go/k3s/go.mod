module lightk8s.invalid/testbed/k3s

go 1.25.1

require gopkg.in/yaml.v2 v2.4.0
