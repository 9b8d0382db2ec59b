# hint: head_frozen
def adapt(model, r, targets):
    config = LoraConfig(r=r, lora_alpha=2 * r, target_modules=targets)
    return get_peft_model(model, config)
