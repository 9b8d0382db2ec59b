# hint: not_a_peft_model
def adapt(model, r, targets):
    config = LoraConfig(task_type="SEQ_CLS", r=r, lora_alpha=2 * r, target_modules=targets)
    get_peft_model(model, config)
    return model
