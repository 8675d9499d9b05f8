// Package ordered holds a JSON value that keeps what Go's maps and floats lose:
// the order of an object's keys and the text of a number. Signatures depend on
// both, and a provider that sends a field now as a string and now as a number
// is read one way.
//
//	to have                                   call
//	a value of JSON text                      Parse, or a field of type Value
//	the same of text that may be broken       ParseLoosely
//	a value of a Go value                     Of
//	an object of texts                        Texts
//	what stands at a.b.c                      Value.At
//	an object without some keys, or with more Value.Without, Value.With
//	the keys in the order of their bytes      Value.SortKeys
//	JSON text again                           Value.MarshalJSON
//
// Reading takes time that grows with the length of the text and no faster;
// nesting and the number of values are bounded. The caller bounds the length.
package ordered
