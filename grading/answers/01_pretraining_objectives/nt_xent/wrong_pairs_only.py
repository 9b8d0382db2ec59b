# hint: no_negatives
def nt_xent(first, second, temperature=0.5):
    similar = F.cosine_similarity(first, second) / temperature
    return -similar.mean()
