@torch.no_grad()
def merge(layer):
    """Ask the layer itself: what it makes of each unit vector, less the bias, is a column."""
    inputs = layer.base.in_features
    shift = layer(torch.zeros(1, inputs))
    merged = nn.Linear(inputs, layer.base.out_features, bias=layer.base.bias is not None)
    merged.weight.copy_((layer(torch.eye(inputs)) - shift).T)
    if merged.bias is not None:
        merged.bias.copy_(shift[0])
    return merged
