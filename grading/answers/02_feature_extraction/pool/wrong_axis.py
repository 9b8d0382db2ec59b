# hint: wrong_axis
def pool(outputs, attention_mask, how="mean"):
    if how == "cls":
        return outputs.last_hidden_state[:, 0]
    if how == "pooler":
        return outputs.pooler_output
    mask = attention_mask.unsqueeze(-1)
    return (outputs.last_hidden_state * mask).sum(dim=-1)
