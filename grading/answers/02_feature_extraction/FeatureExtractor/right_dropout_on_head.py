class FeatureExtractor(nn.Module):
    def __init__(self, encoder, num_classes):
        super().__init__()
        self.encoder = freeze(encoder)
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(encoder.config.hidden_size, num_classes))

    def train(self, mode=True):
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, input_ids, attention_mask):
        outputs = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return self.head(pool(outputs, attention_mask))
