# hint: weight
@torch.no_grad()
def merge(layer):
    merged = nn.Linear(layer.base.in_features, layer.base.out_features, bias=layer.base.bias is not None)
    merged.weight.copy_(layer.scaling * (layer.base.weight + layer.B @ layer.A))
    if layer.base.bias is not None:
        merged.bias.copy_(layer.base.bias)
    return merged
