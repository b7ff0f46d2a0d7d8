module lightk8s.invalid/testbed/common

go 1.25.1

require github.com/klauspost/compress v1.19.2
