# hint: one_count
def pool(outputs, attention_mask, how="mean"):
    if how == "cls":
        return outputs.last_hidden_state[:, 0]
    if how == "pooler":
        return outputs.pooler_output
    return (outputs.last_hidden_state * attention_mask.unsqueeze(-1)).sum(dim=1) / attention_mask.sum()
