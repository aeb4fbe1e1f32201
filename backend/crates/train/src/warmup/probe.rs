//! A throwaway read-out of the decoder's state after each frame pair: it says directly what is
//! on the pair, so that seeing is learnt before telling. It is never saved.

use super::items::PairTruth;
use burn::module::{Module, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Classes of each question the probe answers: changed or not, then 0 to 3 of each shape.
const HEADS: [usize; 4] = [2, 4, 4, 4];

/// One linear layer from hidden states to all heads side by side.
#[derive(Module, Debug)]
pub struct Probe {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Probe {
    /// Zeros: the first gradient decides.
    pub fn new(hidden: usize, device: &Device) -> Self {
        let classes = HEADS.iter().sum();
        Self {
            weight: Param::from_tensor(Tensor::zeros([hidden, classes], device)),
            bias: Param::from_tensor(Tensor::zeros([classes], device)),
        }
    }

    /// Mean cross-entropy over all answered heads, and the share of right answers of the
    /// first head over the changed and unchanged pairs alike.
    ///
    /// `hidden` is `[pairs, hidden]`, in the order of `truths`.
    pub fn loss(&self, hidden: Tensor<2>, truths: &[PairTruth], device: &Device) -> Tensor<1> {
        let pairs = truths.len();
        let logits = hidden.matmul(self.weight.val()) + self.bias.val().unsqueeze(); // [pairs, classes]
        let mut start = 0;
        let mut total = Tensor::<1>::zeros([1], device);
        let mut answered = 0.0;
        for (head, classes) in HEADS.iter().enumerate() {
            let logp = log_softmax(logits.clone().slice([0..pairs, start..start + classes]), 1);
            let (targets, weights) = targets(truths, head);
            answered += f64::from(weights.iter().sum::<f32>());
            let targets = Tensor::<2, Int>::from_data(TensorData::new(targets, [pairs, 1]), device);
            let weights = Tensor::<2>::from_data(TensorData::new(weights, [pairs, 1]), device);
            total = total - (logp.gather(1, targets) * weights).sum();
            start += classes;
        }
        total / answered.max(1.0)
    }
}

/// Right class and weight of each pair for one head. Pairs with shapes are few: they weigh
/// more, or "no shape anywhere" would be a good answer for long.
fn targets(truths: &[PairTruth], head: usize) -> (Vec<i32>, Vec<f32>) {
    let one = |truth: &PairTruth| match head {
        0 => (
            i32::from(truth.changed == Some(true)),
            if truth.changed.is_some() { 4.0 } else { 0.0 },
        ),
        shape => {
            let count = truth.counts[shape - 1];
            (i32::from(count), if count > 0 { 8.0 } else { 1.0 })
        }
    };
    truths.iter().map(one).unzip()
}
