def clip_loss(image_embeds, text_embeds, temperature):
    logits = torch.cosine_similarity(image_embeds[:, None], text_embeds[None], dim=-1) / temperature
    every = torch.logsumexp(logits, dim=0) + torch.logsumexp(logits, dim=1)
    return (every / 2 - logits.diag()).mean()
