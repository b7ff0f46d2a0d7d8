module lightk8s.invalid/testbed/microk8s

go 1.25.1

require (
	go.yaml.in/yaml/v2 v2.4.4
	lightk8s.invalid/testbed/common v0.0.0
)

require golang.org/x/crypto v0.45.0

replace lightk8s.invalid/testbed/common => ../common
