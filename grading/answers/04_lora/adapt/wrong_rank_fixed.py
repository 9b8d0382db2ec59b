# hint: rank
def adapt(model, r, targets):
    config = LoraConfig(task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=targets)
    return get_peft_model(model, config)
