def causal_mask(length):
    return torch.tensor([[column <= row for column in range(length)] for row in range(length)])
