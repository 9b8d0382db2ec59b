# hint: padding_counted
def pool(outputs, attention_mask, how="mean"):
    if how == "cls":
        return outputs.last_hidden_state[:, 0]
    if how == "pooler":
        return outputs.pooler_output
    return outputs.last_hidden_state.mean(dim=1)
