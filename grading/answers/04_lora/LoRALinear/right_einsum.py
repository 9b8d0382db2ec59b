class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base = base
        for parameter in base.parameters():
            parameter.requires_grad = False
        self.A = nn.Parameter(torch.rand(r, base.in_features) - 0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        self.scaling = alpha / r

    def forward(self, x):
        update = torch.einsum("...i,ri,or->...o", x, self.A, self.B)
        return torch.add(self.base(x), update, alpha=self.scaling)
