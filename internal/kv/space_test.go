package kv

func childFill(dir string) {}
