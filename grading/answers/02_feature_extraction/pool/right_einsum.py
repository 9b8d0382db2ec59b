def pool(outputs, attention_mask, how="mean"):
    mask = attention_mask.to(outputs.last_hidden_state.dtype)
    weights = mask / mask.sum(dim=1, keepdim=True)
    return {
        "cls": outputs.last_hidden_state[:, 0, :],
        "pooler": outputs.pooler_output,
        "mean": torch.einsum("bt,bth->bh", weights, outputs.last_hidden_state),
    }[how]
