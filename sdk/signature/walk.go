package signature

// At walks down the keys of nested objects. What is not there is null, and so is what stands below anything but an
// object: PHP writes an object that has nothing in it as [].
func (v Value) At(keys ...string) Value {
	for _, key := range keys {
		v, _ = v.Get(key)
	}
	return v
}

// Elements returns the items of an array, or the values of an object in their order, whatever its keys: PHP has one
// type for both, and turns a list that lost its first item into an object. nil for any other kind.
func (v Value) Elements() []Value {
	list := v.Items()
	for _, m := range v.members {
		list = append(list, m.Value)
	}
	return list
}
