class FeatureExtractor(nn.Module):
    def __init__(self, encoder, num_classes):
        super().__init__()
        self.backbone = encoder.requires_grad_(False)
        self.head = nn.Linear(self.backbone.config.hidden_size, num_classes)
        self.train()

    def train(self, mode=True):
        self.training = mode
        self.head.train(mode)
        self.backbone.eval()
        return self

    @torch.no_grad()
    def features(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[..., None].float()
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)

    def forward(self, input_ids, attention_mask):
        return self.head(self.features(input_ids, attention_mask))
