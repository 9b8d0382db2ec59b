def adapt(model, r, targets):
    head = "classifier" if hasattr(model, "classifier") else "score"
    config = LoraConfig(r=r, lora_alpha=2 * r, target_modules=targets, modules_to_save=[head])
    return get_peft_model(model, config)
