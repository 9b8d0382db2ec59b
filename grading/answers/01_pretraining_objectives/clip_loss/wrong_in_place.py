# hint: changed_in_place
def clip_loss(image_embeds, text_embeds, temperature):
    image_embeds /= image_embeds.norm(dim=-1, keepdim=True)
    text_embeds /= text_embeds.norm(dim=-1, keepdim=True)
    logits = image_embeds @ text_embeds.T / temperature
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
