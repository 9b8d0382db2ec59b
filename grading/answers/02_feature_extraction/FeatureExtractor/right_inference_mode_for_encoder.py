class FeatureExtractor(nn.Module):
    def __init__(self, encoder, num_classes):
        super().__init__()
        self.encoder = freeze(encoder)
        self.classifier = nn.Linear(encoder.config.hidden_size, num_classes)

    def train(self, mode=True):
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, input_ids, attention_mask):
        with torch.inference_mode():
            outputs = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return self.classifier(pool(outputs, attention_mask, "mean"))
