def merge(layer):
    outputs, inputs = layer.base.weight.shape
    merged = nn.Linear(inputs, outputs, bias=layer.base.bias is not None)
    merged.weight = nn.Parameter((layer.base.weight + layer.scaling * layer.B @ layer.A).detach())
    if layer.base.bias is not None:
        merged.bias = nn.Parameter(layer.base.bias.detach().clone())
    return merged
