# hint: not_linear
def merge(layer):
    weight = layer.base.weight + layer.scaling * layer.B @ layer.A
    return lambda x: F.linear(x, weight, layer.base.bias)
