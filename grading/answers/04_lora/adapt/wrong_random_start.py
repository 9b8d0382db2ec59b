# hint: output_changed
def adapt(model, r, targets):
    config = LoraConfig(task_type="SEQ_CLS", r=r, lora_alpha=2 * r, target_modules=targets, init_lora_weights=False)
    return get_peft_model(model, config)
