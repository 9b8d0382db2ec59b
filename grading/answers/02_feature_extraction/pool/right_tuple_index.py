def pool(outputs, attention_mask, how="mean"):
    hidden = outputs[0]
    if how == "pooler":
        return outputs[1]
    if how == "cls":
        return hidden[:, 0]
    mask = attention_mask.unsqueeze(-1).expand(hidden.size()).float()
    return torch.sum(hidden * mask, 1) / torch.clamp(mask.sum(1), min=1e-9)
