# hint: not_a_parameter
def merge(layer):
    merged = nn.Linear(layer.base.in_features, layer.base.out_features)
    merged.weight = layer.base.weight + layer.scaling * layer.B @ layer.A
    merged.bias = layer.base.bias
    return merged
