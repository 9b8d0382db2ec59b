# hint: update_unused
class LoRALinear(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(r, base.in_features) / r)
        self.B = nn.Parameter(torch.zeros(base.out_features, r))
        self.scaling = alpha / r
        self.update = (self.scaling * self.B @ self.A).detach()

    def forward(self, x):
        return self.base(x) + x @ self.update.T
