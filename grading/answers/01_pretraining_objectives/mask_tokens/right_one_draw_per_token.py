def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    draw = torch.rand_like(input_ids, dtype=torch.float) / probability
    draw = draw.masked_fill(special_tokens_mask == 1, 2.0)
    labels = torch.where(draw < 1, input_ids, -100)
    inputs = torch.where(draw < 0.8, mask_token_id, input_ids)
    inputs = torch.where(
        (draw >= 0.8) & (draw < 0.9), torch.randint_like(input_ids, vocab_size), inputs
    )
    return inputs, labels
