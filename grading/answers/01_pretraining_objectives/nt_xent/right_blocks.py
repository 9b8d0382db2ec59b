def nt_xent(first, second, temperature=0.5):
    a, b = F.normalize(first, dim=1), F.normalize(second, dim=1)
    eye = torch.eye(len(a), dtype=torch.bool)
    same_a = (a @ a.T / temperature).masked_fill(eye, float("-inf"))
    same_b = (b @ b.T / temperature).masked_fill(eye, float("-inf"))
    cross = a @ b.T / temperature
    own = torch.arange(len(a))
    rows_a = F.cross_entropy(torch.cat([cross, same_a], dim=1), own)
    rows_b = F.cross_entropy(torch.cat([cross.T, same_b], dim=1), own)
    return (rows_a + rows_b) / 2
