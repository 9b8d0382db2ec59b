# hint: head_is_a_target
def adapt(model, r, targets):
    config = LoraConfig(r=r, lora_alpha=2 * r, target_modules=[*targets, "classifier", "score"])
    return get_peft_model(model, config)
