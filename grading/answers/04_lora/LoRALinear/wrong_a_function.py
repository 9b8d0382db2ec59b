# hint: not_a_module
def LoRALinear(base, r, alpha):
    A, B = torch.randn(r, base.in_features), torch.zeros(base.out_features, r)
    return lambda x: base(x) + alpha / r * (x @ A.T) @ B.T
