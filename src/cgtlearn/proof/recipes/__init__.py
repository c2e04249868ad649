"""How our value behind each target is computed: one file a model, one function a quantity.

A recipe takes the model's parameters and returns one number in the unit of the published value. It
simulates, samples, measures or fits; it never computes a result from the parameter that defines it.
"""
