def nt_xent(first, second, temperature=0.5):
    views = [*F.normalize(first), *F.normalize(second)]
    losses = []
    for i, view in enumerate(views):
        others = [j for j in range(len(views)) if j != i]
        logits = torch.stack([view @ views[j] for j in others]) / temperature
        partner = others.index((i + len(first)) % len(views))
        losses.append(-logits.log_softmax(dim=0)[partner])
    return sum(losses) / len(losses)
