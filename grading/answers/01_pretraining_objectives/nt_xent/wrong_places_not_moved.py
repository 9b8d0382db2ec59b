# hint: target_out_of_bounds
def nt_xent(first, second, temperature=0.5):
    n = len(first)
    views = F.normalize(torch.cat([first, second]), dim=-1)
    similar = views @ views.T / temperature
    others = similar[~torch.eye(2 * n, dtype=torch.bool)].view(2 * n, 2 * n - 1)
    return F.cross_entropy(others, torch.arange(2 * n).roll(n))
