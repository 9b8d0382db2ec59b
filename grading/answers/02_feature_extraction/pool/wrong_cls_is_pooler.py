# hint: cls_is_pooler
def pool(outputs, attention_mask, how="mean"):
    if how in ("cls", "pooler"):
        return outputs.pooler_output
    mask = attention_mask.unsqueeze(-1)
    return (outputs.last_hidden_state * mask).sum(dim=1) / mask.sum(dim=1)
