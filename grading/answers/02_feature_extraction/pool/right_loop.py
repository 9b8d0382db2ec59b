def pool(outputs, attention_mask, how="mean"):
    hidden = outputs.last_hidden_state
    if how == "pooler":
        return outputs.pooler_output
    rows = []
    for vectors, mask in zip(hidden, attention_mask):
        rows.append(vectors[0] if how == "cls" else vectors[mask.bool()].mean(dim=0))
    return torch.stack(rows)
