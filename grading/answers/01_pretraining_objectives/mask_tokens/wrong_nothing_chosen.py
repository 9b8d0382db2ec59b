# hint: nothing_chosen
def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    chosen = (
        (torch.rand(input_ids.shape) < probability)
        & special_tokens_mask.bool()
        & ~special_tokens_mask.bool()
    )
    return input_ids.clone(), input_ids.masked_fill(~chosen, -100)
