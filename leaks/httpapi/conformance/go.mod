module github.com/leakscope/leakscope/leaks/httpapi/conformance

go 1.26.0

replace github.com/leakscope/leakscope => ../../..

require github.com/leakscope/leakscope v0.0.0

require github.com/getkin/kin-openapi v0.152.0 // indirect
