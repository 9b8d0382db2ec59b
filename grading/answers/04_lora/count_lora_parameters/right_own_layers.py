def count_lora_parameters(model, r, targets):
    ends = tuple(f".{target}" for target in targets)
    layers = [m for name, m in model.named_modules() if f".{name}".endswith(ends) and isinstance(m, nn.Linear)]
    factors = [(LoRALinear(layer, r, r).A, LoRALinear(layer, r, r).B) for layer in layers]
    return torch.tensor(sum(A.numel() + B.numel() for A, B in factors))
