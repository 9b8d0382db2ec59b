# hint: gradient
def clip_loss(image_embeds, text_embeds, temperature):
    with torch.no_grad():
        image_lengths = image_embeds.norm(dim=-1, keepdim=True)
        text_lengths = text_embeds.norm(dim=-1, keepdim=True)
    logits = (image_embeds / image_lengths) @ (text_embeds / text_lengths).T / temperature
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
