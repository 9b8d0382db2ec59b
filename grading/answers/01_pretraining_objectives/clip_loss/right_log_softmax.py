def clip_loss(image_embeds, text_embeds, temperature):
    images = image_embeds / image_embeds.norm(dim=1, keepdim=True)
    texts = text_embeds / text_embeds.norm(dim=1, keepdim=True)
    logits = images @ texts.T / temperature
    rows, columns = logits.log_softmax(dim=1), logits.log_softmax(dim=0)
    return -(rows.diagonal() + columns.diagonal()).mean() / 2
