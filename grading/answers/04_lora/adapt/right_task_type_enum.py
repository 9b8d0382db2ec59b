from peft import PeftModelForSequenceClassification, TaskType


def adapt(model, r, targets):
    config = LoraConfig(task_type=TaskType.SEQ_CLS, r=r, lora_alpha=2 * r, lora_dropout=0.05, target_modules=targets)
    return PeftModelForSequenceClassification(model, config)
