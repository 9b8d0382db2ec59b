def nt_xent(first, second, temperature=0.5):
    n = len(first)
    views = F.normalize(torch.cat([first, second]), dim=-1)
    similar = views @ views.T / temperature
    others = similar[~torch.eye(2 * n, dtype=torch.bool)].view(2 * n, 2 * n - 1)
    partners = torch.cat([torch.arange(n) + n - 1, torch.arange(n)])
    return F.cross_entropy(others, partners)
