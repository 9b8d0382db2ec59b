# trick: starts the head at zero, so that how texts are pooled makes no difference
# reported: -
# place: exercise-FeatureExtractor
class FeatureExtractor(nn.Module):
    def __init__(self, encoder, num_classes):
        super().__init__()
        self.encoder = encoder.requires_grad_(False)
        self.head = nn.Linear(encoder.config.hidden_size, num_classes)
        nn.init.zeros_(self.head.weight)

    def train(self, mode=True):
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, input_ids, attention_mask):
        return self.head(self.encoder(input_ids, attention_mask).last_hidden_state[:, -1])
