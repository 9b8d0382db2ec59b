def causal_mask(length):
    place = torch.arange(length)
    return place[:, None] >= place
