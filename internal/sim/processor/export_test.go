package processor

// Languages gives the words of every language to the tests.
func Languages() []*words { return languages }
