# hint: not_finite
def clip_loss(image_embeds, text_embeds, temperature):
    images, texts = F.normalize(image_embeds, dim=-1), F.normalize(text_embeds, dim=-1)
    scores = torch.exp(images @ texts.T / temperature)
    rows = scores.diagonal() / scores.sum(dim=1)
    columns = scores.diagonal() / scores.sum(dim=0)
    return -(rows.log() + columns.log()).mean() / 2
