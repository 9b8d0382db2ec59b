# hint: diagonal_excluded
def causal_mask(length):
    return torch.tril(torch.ones(length, length), diagonal=-1).bool()
